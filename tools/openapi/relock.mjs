// Takes out of package-lock.json what npm writes although nobody installs by it: who wants to be paid, and where.
import { readFileSync, writeFileSync } from "node:fs";

const lock = new URL("package-lock.json", import.meta.url);
const told = JSON.parse(readFileSync(lock, "utf8"));
for (const one of Object.values(told.packages)) delete one.funding;
writeFileSync(lock, `${JSON.stringify(told, null, 2)}\n`);
