// After the build: the few shapes of hands and controllers that headsets need, and a Brotli and a gzip copy beside
// every file of dist/ that shrinks. server/page_files.py serves them.

import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const DIST = join(HERE, "dist");
const PROFILES = join(HERE, "node_modules/@webxr-input-profiles/assets/dist/profiles");
const CONTROLLERS = "meta-quest-touch-plus"; // other controllers are shown as these, which is better than not at all
const HANDS = "generic-hand";
const SHRINKS = /\.(html|css|js|svg|json|glb)$/;

const xr = join(DIST, "xr");
mkdirSync(xr, { recursive: true });
for (const profile of [CONTROLLERS, HANDS]) cpSync(join(PROFILES, profile), join(xr, profile), { recursive: true });
const path = { path: `${CONTROLLERS}/profile.json` };
writeFileSync(join(xr, "profilesList.json"), JSON.stringify({ [CONTROLLERS]: path, "generic-trigger": path }));

for (const entry of readdirSync(DIST, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || !SHRINKS.test(entry.name)) continue;
  const file = join(entry.parentPath, entry.name);
  const bytes = readFileSync(file);
  writeFileSync(`${file}.br`, brotliCompressSync(bytes));
  writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }));
}
