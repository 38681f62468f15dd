// SPDX-License-Identifier: MIT
"use strict";

window.addEventListener("load", () => {
  window.ui = SwaggerUIBundle({
    url: "/openapi.json",
    dom_id: "#api",
    deepLinking: true,
    validatorUrl: null, // asks no other host
    persistAuthorization: false,
    tryItOutEnabled: true,
  });
});
