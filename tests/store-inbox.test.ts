/** What the file system tells, until it is looked at. */
import { expect, test } from "bun:test";
import { createInbox } from "../lib/store/inbox.ts";
import { createTree, directoryAt } from "../lib/store/tree.ts";

function open() {
  const tree = createTree("/data");
  directoryAt(tree, "1:1", "/data");
  let ms = 0;
  const inbox = createInbox(tree, () => ms);
  return { inbox, pass: (more: number) => (ms += more) };
}

const A = new Map([["/data", new Set(["a.json"])]]);

test("what happened is taken once", () => {
  const { inbox, pass } = open();
  expect(inbox.put("/data", "a.json")).toBe(true);
  expect(inbox.put("/elsewhere", "a.json")).toBe(false);
  pass(20);
  expect(inbox.take()?.names).toEqual(A);
  expect([inbox.take(), inbox.takeAgain(), inbox.isWaiting()]).toEqual([undefined, undefined, false]);
});

test("what is taken at once may change once more unheard, and is taken again when it has settled", () => {
  const { inbox, pass } = open();
  inbox.put("/data", "a.json");
  pass(1);
  expect(inbox.take()?.names).toEqual(A);
  expect([inbox.take(), inbox.isWaiting()]).toEqual([undefined, true]);
  pass(20);
  expect(inbox.takeAgain()?.names).toEqual(A);
  expect([inbox.takeAgain(), inbox.isWaiting()]).toEqual([undefined, false]);
});
