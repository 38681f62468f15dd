#!/bin/sh
# From whatever is there to a champion: migrates, generates a book when it is empty, trains when nothing serves. Safe to run again;
# `docker-compose run --rm trainer creditrisk train --promote` trains anew.
set -eu
creditrisk migrate
page=$(creditrisk doctor 2>/dev/null || true)
if ! echo "$page" | grep -q 'loan_applications: [1-9]'; then
  creditrisk generate
fi
if ! echo "$page" | grep -q 'the champion'; then
  # shellcheck disable=SC2086 # words for the command
  creditrisk train ${TRAIN_OPTIONS:-} --promote
fi
creditrisk doctor
