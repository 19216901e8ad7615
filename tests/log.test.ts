import { describe, expect, test } from "bun:test";
import { createLog, type LogFormat } from "../lib/log.ts";

describe.each<LogFormat>(["json", "text"])("a line of the log in %s", (format) => {
  const text = "a\u0000b\nc\u001b[31m\u007f\u0085\u009b2J\u2028é";
  const lines: string[] = [];
  createLog({ format, level: "info", write: (line) => lines.push(line), now: () => new Date(0) }).info(text, {
    user: text,
  });

  test("has no control character but its end", () => {
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]+\n$/);
  });

  test("keeps other characters", () => {
    expect(lines[0]).toContain("é");
    if (format === "json") expect(JSON.parse(lines[0] ?? "")).toMatchObject({ message: text, user: text });
  });
});
