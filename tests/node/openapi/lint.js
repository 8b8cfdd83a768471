"use strict";
// Prints what the linter finds in an OpenAPI file by its strict ruleset, as one JSON list.
// The one argument: {"file": "..."}.

const { readFileSync } = require("node:fs");
const { createConfig, lintFromString } = require("@redocly/openapi-core");

async function main(argument) {
  const { file } = JSON.parse(argument);
  const config = await createConfig({ extends: ["recommended-strict"] });
  const found = await lintFromString({
    source: readFileSync(file, "utf8"),
    absoluteRef: file,
    config,
  });
  const lines = found.map(({ ruleId, message, location }) => ({
    rule: ruleId,
    message,
    at: location.map((place) => place.pointer),
  }));
  console.log(JSON.stringify({ lines }));
}

main(process.argv[2]);
