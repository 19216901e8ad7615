/** How long a connection waits for its client, by a clock of the test's own. */
import { describe, expect, test } from "bun:test";
import { LIMITS, serviceOf, startConnection } from "./fake-wire.ts";

const GET = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
const { head, idle, stall, linger } = LIMITS.timeouts;

const untilIdle = () => new Promise((resolve) => setImmediate(resolve));

describe("a connection", () => {
  test("without a request ends in order, and is closed even if the client does not end its side", () => {
    const { fake, pass } = startConnection(serviceOf().service);
    pass(idle);
    expect(fake.events).toEqual([]);
    pass(1);
    expect(fake.events).toEqual(["ends writing"]);
    pass(linger + 1);
    expect(fake.events).toEqual(["ends writing", "closes"]);
  });

  test("with half a head is cut, however steadily the rest comes in bytes", () => {
    const { fake, pass, receive } = startConnection(serviceOf().service);
    receive("GET / HTTP/1.1\r\nX: ");
    pass(head, () => receive("a"));
    expect(fake.events).toEqual([]);
    pass(1, () => receive("a"));
    expect(fake.events).toEqual(["is cut"]);
  });

  test("is not cut when each packet ends one request and begins the next", () => {
    const { fake, pass, receive, statuses } = startConnection(serviceOf().service);
    const middle = GET.length >> 1;
    receive(GET.slice(0, middle));
    pass(head * 5, () => receive(GET.slice(middle) + GET.slice(0, middle)));
    expect(fake.events).toEqual([]);
    expect(statuses()).toEqual(new Array(head * 5).fill(200));
  });

  test("may be busy for ever", () => {
    const { fake, pass, receive } = startConnection(serviceOf().service);
    pass(idle * 5, () => receive(GET));
    expect(fake.events).toEqual([]);
  });

  test("ends when a body that nobody wants drips in for too long", () => {
    const { fake, pass, receive, statuses } = startConnection(serviceOf().service);
    receive("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n");
    pass(idle, () => receive("a"));
    expect(fake.events).toEqual([]);
    pass(1, () => receive("a"));
    expect(fake.events).toEqual(["ends writing"]);
    expect(statuses()).toEqual([200]);
  });

  test("gives a request that follows a long body the time that any other has", () => {
    const { fake, pass, receive, statuses } = startConnection(serviceOf().service);
    receive(`POST / HTTP/1.1\r\nHost: h\r\nContent-Length: ${head * 2}\r\n\r\n`);
    pass(head * 2 - 1, () => receive("a"));
    receive(`a${GET.slice(0, 9)}`);
    pass(head - 1);
    receive(GET.slice(9));
    expect(statuses()).toEqual([200, 200]);
    expect(fake.events).toEqual([]);
  });

  test("is cut when the client takes nothing of its answer, and not while it takes something", async () => {
    const { fake, pass, receive, connection } = startConnection(serviceOf({ bigBytes: 1000 }).service);
    fake.takes = 100;
    receive(GET.replace("/", "/big"));
    await untilIdle();
    pass(stall * 3, () => {
      fake.takes = 1;
      connection.onDrain();
    });
    expect(fake.events).toEqual([]);
    pass(stall + 1);
    expect(fake.events).toEqual(["is cut"]);
  });

  test("whose handshake does not end is cut as one whose head does not", () => {
    const { fake, pass } = startConnection(serviceOf().service, { isSecure: true });
    pass(head);
    expect(fake.events).toEqual([]);
    pass(1);
    expect(fake.events).toEqual(["is cut"]);
  });

  test("has the time of any other after its handshake", () => {
    const { fake, pass, connection } = startConnection(serviceOf().service, { isSecure: true });
    pass(head);
    connection.onHandshake();
    pass(idle);
    expect(fake.events).toEqual([]);
  });

  test("that there is no room for must be quick, and is closed after one answer", () => {
    const slow = startConnection(serviceOf().service, { isExtra: true });
    slow.pass(linger + 1);
    expect(slow.fake.events).toEqual(["is cut"]);
    const quick = startConnection(serviceOf().service, { isExtra: true });
    quick.receive(GET + GET);
    expect(quick.statuses()).toEqual([200]);
    expect(quick.fake.written()).toContain("Connection: close\r\n");
    expect(quick.fake.events).toEqual(["ends writing"]);
  });
});

describe("a client that ends its side", () => {
  test("while nothing is under way has the connection closed at once", () => {
    const { fake, connection } = startConnection(serviceOf().service);
    connection.onEnd();
    expect(fake.events).toEqual(["closes"]);
  });

  test("gets the answers to all that it asked for first", async () => {
    const { service, answerLater } = serviceOf();
    const { fake, connection, receive, statuses } = startConnection(service);
    receive(GET.replace("/", "/later") + GET);
    connection.onEnd();
    await untilIdle();
    expect(fake.events).toEqual([]);
    answerLater();
    await untilIdle();
    expect(statuses()).toEqual([200, 200]);
    expect(fake.events).toEqual(["closes"]);
  });

  test("and takes its answer slowly gets all of it", async () => {
    const { fake, connection, receive } = startConnection(serviceOf({ bigBytes: 1000 }).service);
    fake.takes = 500;
    receive(GET.replace("/", "/big"));
    connection.onEnd();
    await untilIdle();
    expect(fake.events).toEqual([]);
    fake.takes = Number.POSITIVE_INFINITY;
    connection.onDrain();
    await untilIdle();
    expect(fake.written()).toEndWith("b".repeat(1000));
    expect(fake.events).toEqual(["closes"]);
  });
});

describe("a flood of pipelined requests", () => {
  const COUNT = 100_000;

  test("is answered no further than its answers are taken, and then to the end", () => {
    const { service, asked } = serviceOf();
    const { fake, connection, receive, statuses } = startConnection(service);
    fake.takes = 0;
    receive(GET.repeat(COUNT));
    const answered = asked.length;
    expect(answered).toBeWithin(1, COUNT / 10);
    expect(connection.held()).toBeLessThan(GET.length * COUNT + 512 * 1024);
    fake.takes = 1;
    connection.onDrain();
    expect(asked.length).toBe(answered);
    fake.takes = Number.POSITIVE_INFINITY;
    connection.onDrain();
    expect(statuses().length).toBe(COUNT);
    expect(connection.held()).toBe(0);
  });
});
