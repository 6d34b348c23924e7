// Judges the document that is named by Redocly's strictest rules; the exit code says whether it found anything.
import { formatProblems, getTotals, lint, loadConfig } from "@redocly/openapi-core";

const config = await loadConfig({ configPath: new URL("redocly.yaml", import.meta.url).pathname });
const problems = await lint({ ref: process.argv[2], config });
const totals = getTotals(problems);
formatProblems(problems, { format: "stylish", totals, version: "" });
process.exitCode = totals.errors + totals.warnings > 0 ? 1 : 0;
