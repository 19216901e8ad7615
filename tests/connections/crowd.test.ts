/** Which connections give way when there are too many, or too much is kept in memory for them. */
import { describe, expect, test } from "bun:test";
import { type Connection, openConnection, type Service } from "../../lib/http/connection.ts";
import { createCrowd, EXTRA_CONNECTIONS, type Pressure } from "../../lib/http/crowd.ts";
import { fakeWire, LIMITS, serviceOf } from "./fake-wire.ts";

const GET = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
const MOST = 4;

/** A crowd with a clock of the test's own, and timeouts that do not matter. */
function startCrowd({ connections = MOST, bufferedBytes = 1_000_000 } = {}) {
  let seconds = 0;
  const told: Pressure[] = [];
  const timeouts = { head: 1000, idle: 1000, stall: 1000, linger: 1000 };
  const limits = { ...LIMITS, timeouts, connections, bufferedBytes };
  const clock = () => ({ seconds, dateLine: "" });
  const crowd = createCrowd({ limits, now: () => seconds, onPressure: (pressure) => told.push(pressure) });
  const arrive = (service: Service = serviceOf().service) => {
    const place = crowd.admit();
    let connection: Connection | undefined;
    const fake = fakeWire(() => {
      if (connection === undefined) return;
      connection.onClose();
      crowd.remove(connection);
    });
    connection = openConnection(fake.wire, service, { limits, clock, onKept: crowd.kept });
    if (place !== "too many") crowd.add(connection);
    const receive = (text: string) => connection?.onData(Buffer.from(text, "latin1"));
    return { place, fake, connection, receive, isGone: () => fake.events.length > 0 };
  };
  const pass = (count: number) => {
    for (let second = 0; second < count; second++) {
      seconds++;
      crowd.onTick();
    }
  };
  return { crowd, arrive, pass, told };
}

type Arrived = ReturnType<ReturnType<typeof startCrowd>["arrive"]>;

const KINDS: Readonly<Record<string, (one: Arrived) => void>> = {
  "one that is idle after an answer": ({ receive }) => receive(GET),
  "one with half a head": ({ receive }) => receive("GET / HT"),
  "one that never sent anything": () => undefined,
  "one that takes nothing of its answer": ({ fake, receive }) => {
    fake.takes = 0;
    receive(GET);
  },
  "one whose answer is being made": ({ receive }) => receive(GET.replace("/", "/later")),
};

describe("a full crowd", () => {
  const ROWS: readonly (readonly [gives: string, way: string])[] = [
    ["one that is idle after an answer", "one with half a head"],
    ["one that is idle after an answer", "one that never sent anything"],
    ["one that is idle after an answer", "one that takes nothing of its answer"],
    ["one with half a head", "one that takes nothing of its answer"],
    ["one that never sent anything", "one that takes nothing of its answer"],
    ["one that takes nothing of its answer", "one whose answer is being made"],
  ];
  test.each(ROWS)("%s gives way before %s", (first, second) => {
    const { arrive, pass } = startCrowd({ connections: 2 });
    const later = arrive();
    KINDS[second]?.(later);
    pass(10);
    const sooner = arrive();
    KINDS[first]?.(sooner);
    pass(10);
    expect(arrive().place).toBe("welcome");
    expect([sooner.isGone(), later.isGone()]).toEqual([true, false]);
  });

  test("the one that was idle for the longest gives way, and each newcomer takes one place", () => {
    const { crowd, arrive, pass } = startCrowd();
    const all = Array.from({ length: MOST }, () => {
      const one = arrive();
      one.receive(GET);
      pass(1);
      return one;
    });
    all[0]?.receive(GET);
    pass(1);
    const comers = [arrive(), arrive()];
    expect(comers.map(({ place }) => place)).toEqual(["welcome", "welcome"]);
    expect(all.map((each) => each.isGone())).toEqual([false, true, true, false]);
    expect(crowd.size()).toBe(MOST);
    expect(all[1]?.fake.events).toEqual(["closes"]);
  });

  test("one that was idle and has asked again meanwhile does not give way", () => {
    const { arrive, pass } = startCrowd({ connections: 3 });
    const [first, second, third] = [arrive(), arrive(), arrive()];
    for (const each of [first, second, third]) each.receive(GET);
    pass(5);
    arrive();
    expect(first.isGone()).toBe(true);
    second.receive(GET.replace("/", "/later"));
    arrive();
    expect([second.isGone(), third.isGone()]).toEqual([false, true]);
  });

  test("one that came a moment ago does not give way before it could ask", () => {
    const { arrive } = startCrowd({ connections: 1 });
    const young = arrive();
    expect(arrive().place).toBe("extra");
    expect(young.isGone()).toBe(false);
  });

  test("where none can give way takes a few more, and says so once a minute", () => {
    const { arrive, pass, told } = startCrowd();
    const busy = Array.from({ length: MOST }, () => arrive());
    for (const one of busy) one.receive(GET.replace("/", "/later"));
    const extras = Array.from({ length: EXTRA_CONNECTIONS }, () => arrive().place);
    expect(new Set(extras)).toEqual(new Set(["extra"]));
    expect(arrive().place).toBe("too many");
    expect(busy.some((each) => each.isGone())).toBe(false);
    pass(1);
    expect(told).toEqual([{ most: MOST, gaveWay: 0, beyond: EXTRA_CONNECTIONS + 1 }]);
    arrive();
    pass(59);
    expect(told.length).toBe(1);
    pass(1);
    expect(told.length).toBe(2);
  });

  test("has room again when one has gone by itself", () => {
    const { arrive } = startCrowd({ connections: 2 });
    const busy = [arrive(), arrive()];
    for (const one of busy) one.receive(GET.replace("/", "/later"));
    const extra = arrive();
    expect(extra.place).toBe("extra");
    for (const one of [extra, busy[0]]) one?.connection.cut();
    expect(arrive().place).toBe("welcome");
    expect(arrive().place).toBe("extra");
  });
});

describe("what is kept in memory for all", () => {
  test("is bounded: those that have kept something for the longest give way", () => {
    const { arrive, pass, told } = startCrowd({ connections: 100, bufferedBytes: 10_000 });
    const half = `GET / HTTP/1.1\r\nX: ${"a".repeat(1000)}`;
    const idle = arrive();
    idle.receive(GET);
    const partial = Array.from({ length: 10 }, () => {
      pass(1);
      const one = arrive();
      one.receive(half);
      return one;
    });
    pass(1);
    const gone = partial.map((each) => each.isGone());
    expect(gone).toEqual([
      ...new Array(gone.indexOf(false)).fill(true),
      ...new Array(gone.length - gone.indexOf(false)).fill(false),
    ]);
    const held = partial.filter((each) => !each.isGone()).reduce((sum, { connection }) => sum + connection.held(), 0);
    expect(held).toBeWithin(1, 5001);
    expect(idle.isGone()).toBe(false);
    expect(told.length).toBe(1);
  });

  test("counts answers that are not taken", () => {
    const { arrive, pass } = startCrowd({ connections: 1000, bufferedBytes: 10_000 });
    const takers = Array.from({ length: 300 }, () => {
      const one = arrive();
      one.fake.takes = 0;
      one.receive(GET);
      return one;
    });
    pass(1);
    expect(takers.filter((each) => each.isGone()).length).toBeGreaterThan(0);
    expect(takers.filter((each) => !each.isGone()).length).toBeGreaterThan(0);
  });

  test("is bounded at once where long answers come faster than the clock", async () => {
    const { arrive } = startCrowd({ connections: 100, bufferedBytes: 100_000 });
    const { service } = serviceOf({ bigBytes: 10_000 });
    const takers = Array.from({ length: 50 }, () => {
      const one = arrive(service);
      one.fake.takes = 0;
      one.receive(GET.replace("/", "/big"));
      return one;
    });
    await new Promise((resolve) => setImmediate(resolve));
    const held = takers.filter((each) => !each.isGone()).reduce((sum, { connection }) => sum + connection.held(), 0);
    expect(held).toBeWithin(1, 110_000);
  });
});
