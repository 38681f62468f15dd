// SPDX-License-Identifier: MIT
// Before the first paint: the user's own choice of light or dark, if there is one.
document.documentElement.dataset.theme = localStorage.getItem("creditrisk.theme") ?? "";
