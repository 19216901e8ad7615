/** Events of the file system, until they are scanned. */
import { expect, test } from "bun:test";
import { createPending } from "../../lib/store/directory/pending.ts";

function open() {
  let ms = 0;
  const pending = createPending(
    () => {},
    () => ms,
  );
  return { pending, pass: (more: number) => (ms += more) };
}

test("an event is taken once", () => {
  const { pending, pass } = open();
  pending.add("/data/a.json");
  pass(20);
  expect([...pending.take()]).toEqual(["/data/a.json"]);
  expect([...pending.take()]).toEqual([]);
  pending.stop();
});

test("an event that is taken at once is taken again when its path has settled", () => {
  const { pending, pass } = open();
  pending.add("/data/a.json");
  pass(1);
  expect([...pending.take()]).toEqual(["/data/a.json"]);
  pass(20);
  expect([...pending.take()]).toEqual(["/data/a.json"]);
  expect([...pending.take()]).toEqual([]);
  pending.stop();
});
