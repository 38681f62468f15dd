// SPDX-License-Identifier: MIT
// The plain page of /docs: everything it shows it reads from /openapi.json. Text goes in as text, never as markup.
import { element as make } from "./dom.js";

const element = (name, children = [], attributes = {}) => make(name, attributes, children);
const code = (text) => element("code", String(text));
const pre = (value) => element("pre", typeof value === "string" ? value : JSON.stringify(value, null, 2));

function lookUp(document_, node) {
  while (node && node.$ref) node = node.$ref.slice(2).split("/").reduce((at, key) => at?.[key], document_);
  return node;
}

function schemaName(schema) {
  if (!schema || schema === true) return "any value";
  if (schema.$ref) return element("a", schema.$ref.split("/").pop(), { href: "#schema-" + schema.$ref.split("/").pop() });
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(", ");
  if (schema.type === "array") return element("span", ["list of ", schemaName(schema.items)]);
  const range = [schema.minimum !== undefined ? "≥ " + schema.minimum : "", schema.maximum !== undefined ? "≤ " + schema.maximum : ""]
    .filter(Boolean).join(", ");
  return [schema.type ?? schema.anyOf?.map((one) => one.$ref?.split("/").pop() ?? one.type) ?? "any value"].flat().join(" or ") +
    (range ? " " + range : "");
}

function propertyTable(schema) {
  const rows = Object.entries(schema.properties ?? {}).map(([name, property]) => element("tr", [
    element("td", [code(name), (schema.required ?? []).includes(name) ? " *" : ""]),
    element("td", schemaName(property)),
    element("td", [property.description ?? "", property.default !== undefined ? " Default: " + JSON.stringify(property.default) : ""]),
  ]));
  return rows.length ? element("table", element("tbody", rows)) : null;
}

function mediaBlock(document_, type, media) {
  const example = Object.values(media.examples ?? {})[0];
  return element("div", [element("p", [code(type), " ", schemaName(media.schema)]), example ? pre(example.value) : null]);
}

function operationBlock(document_, path, method, operation) {
  const parts = [operation.description ? element("p", operation.description) : null];
  for (const parameter of operation.parameters ?? []) {
    const found = lookUp(document_, parameter);
    parts.push(element("p", [code(found.name), ` (${found.in}) `, schemaName(found.schema), " ", found.description ?? ""]));
  }
  for (const [type, media] of Object.entries(operation.requestBody?.content ?? {})) {
    parts.push(element("h4", "Request"), mediaBlock(document_, type, media));
  }
  for (const [status, answer] of Object.entries(operation.responses)) {
    const response = lookUp(document_, answer);
    parts.push(element("h4", `${status} ${response.description}`));
    for (const [type, media] of Object.entries(response.content ?? {})) parts.push(mediaBlock(document_, type, media));
  }
  return element("details", [element("summary", [element("b", method.toUpperCase()), code(path), " ", operation.summary]), ...parts],
    { id: operation.operationId });
}

function show(document_) {
  const parts = [
    element("h1", document_.info.title),
    element("p", document_.info.description),
    element("p", ["Version ", document_.info.version, ", ", element("a", "openapi.json", { href: "/openapi.json" })]),
  ];
  for (const tag of document_.tags) {
    parts.push(element("h2", tag.name), element("p", tag.description));
    for (const [path, methods] of Object.entries(document_.paths)) {
      for (const [method, operation] of Object.entries(methods)) {
        if (operation.tags?.includes(tag.name)) parts.push(operationBlock(document_, path, method, operation));
      }
    }
  }
  parts.push(element("h2", "Schemas"));
  for (const [name, schema] of Object.entries(document_.components.schemas)) {
    parts.push(element("details", [element("summary", code(name)), schema.description ? element("p", schema.description) : null,
      propertyTable(schema) ?? pre(schema)], { id: "schema-" + name }));
  }
  document.getElementById("api").replaceChildren(...parts);
}

fetch("/openapi.json")
  .then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error(`/openapi.json answered ${answer.status}`))))
  .then(show)
  .catch((error) => document.getElementById("api").replaceChildren(element("p", error.message)));
