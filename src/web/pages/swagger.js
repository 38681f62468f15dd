// SPDX-License-Identifier: MIT
// The page of /docs with Swagger UI, which is a classic script and leaves its function in the window.
const bundle = document.createElement("script");
bundle.src = new URL("swagger-ui-bundle.js", import.meta.url);
bundle.addEventListener("load", () => {
  window.ui = window.SwaggerUIBundle({
    url: "/openapi.json",
    dom_id: "#api",
    deepLinking: true,
    validatorUrl: null, // asks no other host
    persistAuthorization: false,
    tryItOutEnabled: true,
  });
});
document.head.append(bundle);
