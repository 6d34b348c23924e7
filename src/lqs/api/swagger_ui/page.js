// Everything comes from this server: null keeps Swagger UI from asking a validator on the network.
SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#api",
  validatorUrl: null,
  deepLinking: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
});
