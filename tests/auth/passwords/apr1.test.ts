import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { verifyApr1 } from "../../../lib/auth/passwords/apr1.ts";

/** As openssl hashes a password. */
function hashOf(password: string, salt: string): string {
  const { stdout, status } = spawnSync("openssl", ["passwd", "-apr1", "-salt", salt, "-stdin"], {
    input: password,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error("openssl passwd failed");
  return stdout.trim();
}

const PASSWORDS = ["a", "secret", "pässwörd", "fifteen letters", "sixteen letters!", "s".repeat(33), "s".repeat(72)];

test.each(PASSWORDS)("%s is verified as openssl hashes it, and another password is not", (password) => {
  for (const salt of ["x", "b0Kgm1NB"]) {
    const hash = hashOf(password, salt);
    expect(verifyApr1(Buffer.from(password), hash)).toBe(true);
    expect(verifyApr1(Buffer.from(`${password}x`), hash)).toBe(false);
    expect(verifyApr1(Buffer.from(password), hash.replace(`$${salt}$`, "$other$"))).toBe(false);
  }
});
