#!/usr/bin/env node
/** The `craned` of the npm package: starts the executable of this platform, which a package of its own has. */
import { spawn } from "node:child_process";
import { createRequire } from "node:module";

const os = process.platform === "win32" ? "windows" : process.platform;
const platform = `${os}-${process.arch}`;
const file = os === "windows" ? "craned.exe" : "craned";
const { resolve } = createRequire(import.meta.url);

/** npm installs the one for the machine's C library. */
function executable() {
  for (const name of [platform, `${platform}-musl`]) {
    try {
      return resolve(`@craned/${name}/bin/${file}`);
    } catch {
      // The next may be there.
    }
  }
  console.error(`error: no @craned/${platform} is installed: install craned without --omit=optional`);
  process.exit(1);
}

const child = spawn(executable(), process.argv.slice(2), { stdio: "inherit" });
// A terminal sends SIGINT to both.
process.on("SIGINT", () => {});
for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.on("exit", (code, signal) => {
  if (signal === null) process.exit(code ?? 1);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
});
