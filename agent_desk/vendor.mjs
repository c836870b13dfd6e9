// Copies pinned third-party front-end code, with its licences, to static/vendor (`npm run vendor`).
// JsSIP's package holds CommonJS only, so it is bundled once here into one ES module.
import { build } from "esbuild";
import { copyFile, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const modules = join(here, "..", "node_modules");
const vendor = join(here, "static", "vendor");

async function version(name) {
  return JSON.parse(await readFile(join(modules, name, "package.json"), "utf8")).version;
}

await mkdir(vendor, { recursive: true });

await build({
  stdin: {
    contents: 'import JsSIP from "jssip"; export default JsSIP;',
    resolveDir: here,
  },
  bundle: true,
  format: "esm",
  minify: true,
  target: "es2020",
  define: { global: "globalThis", "process.env.NODE_ENV": '"production"' },
  legalComments: "none",
  banner: { js: `/* JsSIP ${await version("jssip")}, MIT licence, see jssip.LICENSE */` },
  outfile: join(vendor, "jssip.js"),
});
// The bundle also holds what JsSIP depends on; every licence goes along.
const licences = [];
for (const name of ["jssip", "debug", "ms", "events", "sdp-transform"]) {
  const folder = join(modules, name);
  const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
  licences.push(`== ${name} ${await version(name)} ==\n\n${await readFile(join(folder, file), "utf8")}`);
}
await writeFile(join(vendor, "jssip.LICENSE"), licences.join("\n\n"));

await copyFile(join(modules, "htmx.org", "dist", "htmx.min.js"), join(vendor, "htmx.js"));
await copyFile(join(modules, "htmx.org", "LICENSE"), join(vendor, "htmx.LICENSE"));

await writeFile(
  join(vendor, "VERSIONS"),
  `jssip ${await version("jssip")}\nhtmx.org ${await version("htmx.org")}\n`,
);
