import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { authFaults } from "../../../lib/auth/authenticator.ts";
import { watchFile } from "../../../lib/auth/watched-file.ts";
import { ALICE, APR1, BOB, basic, createPlace, createRecordedLog, openAuthenticator } from "../../harness/passwords.ts";
import { until } from "../../harness/until.ts";

const BASE = { kind: "base" } as const;
const SHA = "eve:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=";

let place = createPlace();
let path = "";
beforeEach(() => {
  place = createPlace();
  path = place.at("users");
});
afterEach(() => place.remove());

type Opened = Awaited<ReturnType<typeof openAuthenticator>>;
const letsIn = async (authenticator: Opened, user: string, password: string): Promise<boolean> =>
  (await authenticator.authenticate(basic(user, password), BASE)).outcome === "allowed";
const letsAlice = (authenticator: Opened) => letsIn(authenticator, "alice", "secret");
const letsBob = (authenticator: Opened) => letsIn(authenticator, "bob", "pässwörd");

describe("a file of users that changes", () => {
  const WAYS: readonly [way: string, change: (text: string) => void][] = [
    ["is written in place", (text) => writeFileSync(path, text)],
    [
      "is replaced by a rename",
      (text) => {
        writeFileSync(place.at("new"), text);
        renameSync(place.at("new"), path);
      },
    ],
    [
      "is written again with the same size and times",
      (text) => {
        writeFileSync(path, text);
        utimesSync(path, 1, 1);
      },
    ],
  ];
  test.each(WAYS)("lets others in when it %s", async (_, change) => {
    change(ALICE);
    const authenticator = await openAuthenticator({ htpasswd: path });
    expect([await letsAlice(authenticator), await letsBob(authenticator)]).toEqual([true, false]);
    change(BOB.padEnd(ALICE.length));
    await until(async () => !(await letsAlice(authenticator)));
    expect(await letsBob(authenticator)).toBe(true);
    authenticator.close();
  });

  test("lets others in when Kubernetes swaps its directory", async () => {
    const version = (name: string, text: string) => {
      mkdirSync(place.at(name));
      writeFileSync(place.at(`${name}/users`), text);
      symlinkSync(name, place.at("..data_tmp"));
      renameSync(place.at("..data_tmp"), place.at("..data"));
    };
    version("..1", ALICE);
    symlinkSync("..data/users", path);
    const authenticator = await openAuthenticator({ htpasswd: path });
    expect(await letsAlice(authenticator)).toBe(true);
    version("..2", BOB);
    rmSync(place.at("..1"), { recursive: true });
    await until(async () => !(await letsAlice(authenticator)));
    expect(await letsBob(authenticator)).toBe(true);
    authenticator.close();
  });

  const BROKEN: readonly [what: string, spoil: () => void, line: string][] = [
    ["has no good line", () => writeFileSync(path, `${SHA}\n<html>`), ":2: expected user:hash"],
    ["is gone", () => rmSync(path), ": expected a file that can be read, received ENOENT"],
    [
      "is a directory",
      () => {
        rmSync(path);
        mkdirSync(path);
      },
      ": expected a file, received a directory",
    ],
    [
      "is too large",
      () => writeFileSync(path, `${BOB}\n`.repeat(200_000)),
      ": expected at most 8388608 bytes, received 13",
    ],
  ];
  test.each(BROKEN)(
    "serves as it was when it %s, says so once, and is read when it is mended",
    async (_, spoil, line) => {
      writeFileSync(path, ALICE);
      const authenticator = await openAuthenticator({ htpasswd: path });
      spoil();
      await until(() => authenticator.lines.some((each) => each.includes("the last good content stays in use")));
      expect(authenticator.lines.filter((each) => each.includes(`${path}${line}`))).toHaveLength(1);
      expect(await letsAlice(authenticator)).toBe(true);
      rmSync(path, { recursive: true, force: true });
      writeFileSync(path, BOB);
      await until(() => letsBob(authenticator));
      expect(await letsAlice(authenticator)).toBe(false);
      authenticator.close();
    },
  );

  test("without users admits none", async () => {
    writeFileSync(path, ALICE);
    const authenticator = await openAuthenticator({ htpasswd: path });
    writeFileSync(path, "# nobody\n");
    await until(async () => !(await letsAlice(authenticator)));
    authenticator.close();
  });

  test("that is missing at first admits nobody until it is there", async () => {
    const authenticator = await openAuthenticator({ htpasswd: path });
    expect(await letsAlice(authenticator)).toBe(false);
    expect(authenticator.lines[0]).toContain(`${path}: expected a file that can be read, received ENOENT`);
    expect(authenticator.lines[1]).toContain("no user is admitted");
    writeFileSync(path, ALICE);
    await until(() => letsAlice(authenticator));
    authenticator.close();
  });

  test("is no longer looked at once the authenticator is closed", async () => {
    writeFileSync(path, ALICE);
    const authenticator = await openAuthenticator({ htpasswd: path });
    const other = await openAuthenticator({ htpasswd: path });
    authenticator.close();
    writeFileSync(path, BOB);
    await until(() => letsBob(other));
    expect(await letsBob(authenticator)).toBe(false);
    other.close();
  });
});

test("a file is no longer looked at, even if a look was under way when it was closed", async () => {
  writeFileSync(path, "1");
  const { log } = createRecordedLog();
  let reads = 0;
  let letGo: () => void = () => {};
  const read = async () => {
    reads++;
    if (reads > 1) await new Promise<void>((resolve) => (letGo = resolve));
    return { value: reads, faults: [] };
  };
  const file = await watchFile({ path, parse: read, log, interval: 2 });
  writeFileSync(path, "2");
  await until(() => reads === 2);
  file.close();
  letGo();
  const authenticator = await openAuthenticator({ htpasswd: path });
  writeFileSync(path, ALICE);
  await until(() => letsAlice(authenticator));
  expect([reads, file.current()]).toEqual([2, 1]);
  authenticator.close();
});

test("all that is wrong with the file is found without an authenticator", async () => {
  writeFileSync(path, `${ALICE}\n${SHA}\nnobody\n${APR1}`);
  const settings = { htpasswd: path, realm: "craned", token: undefined };
  const expected = "expected a bcrypt hash with a cost from 4 to 17, as htpasswd -B writes it";
  expect(await authFaults(settings)).toEqual({
    errors: [
      `${path}:2: ${expected}, received a SHA-1 hash`,
      `${path}:3: expected user:hash, received a line without a user`,
    ],
    warnings: [`${path}:4: ${expected}, received an MD5 hash, which is accepted but easily guessed`],
  });
  expect(await authFaults({ ...settings, htpasswd: place.at("missing") })).toEqual({
    errors: [`${place.at("missing")}: expected a file that can be read, received ENOENT`],
    warnings: [],
  });
  expect(await authFaults({ ...settings, htpasswd: undefined })).toEqual({ errors: [], warnings: [] });
});
