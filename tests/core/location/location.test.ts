import { describe, expect, test } from "bun:test";
import { createHmac, createPublicKey, generateKeyPairSync, verify } from "node:crypto";
import { type Cdn, createLocations, type Signer } from "../../../lib/core/location/location.ts";

const NOW = 1_700_000_000;
const URL_ = "https://static.example.com/pulp/app/";

const locationsOf = (cdn: Partial<Cdn>, now: () => number = () => NOW) =>
  createLocations({ urlMatch: undefined, urlReplace: undefined, signer: undefined, ...cdn }, now);

const locate = (cdn: Partial<Cdn>, url = URL_, path = "manifests/latest") => locationsOf(cdn).v2(url, path);

const AKAMAI: Signer = { kind: "akamai", secret: "0badc0ffee", ttl: 300, param: "_auth_", algo: "sha256" };

describe("a v2 URL", () => {
  test.each<[match: string | undefined, replace: string | undefined, url: string]>([
    [undefined, undefined, "https://static.example.com/pulp/app/manifests/latest"],
    [undefined, "https://edge.example.org", "https://static.example.com/pulp/app/manifests/latest"],
    ["", "x", "https://static.example.com/pulp/app/manifests/latest"],
    ["nowhere", "x", "https://static.example.com/pulp/app/manifests/latest"],
    [
      "https://static.example.com",
      "http://edge.example.org:8080",
      "http://edge.example.org:8080/pulp/app/manifests/latest",
    ],
    ["https://static.example.com", undefined, "https://static.example.com/pulp/app/manifests/latest"],
    ["https://static.example.com", "", "https://static.example.com/pulp/app/manifests/latest"],
    ["t", "T", "hTTps://sTaTic.example.com/pulp/app/manifesTs/laTesT"],
    ["app/manifests", "a/m", "https://static.example.com/pulp/a/m/latest"],
    [".", "$&$1", "https://static$&$1example$&$1com/pulp/app/manifests/latest"],
    ["static.", "(s.)", "https://(s.)example.com/pulp/app/manifests/latest"],
  ])("of which %j becomes %j is %s", (urlMatch, urlReplace, url) => {
    expect(locate({ urlMatch, urlReplace })).toBe(url);
  });

  test("of a blob that has a URL of its own is that, rewritten and signed as others are", () => {
    const path = "https://pool.example.com/blobs/sha256/ab";
    expect(locate({}, URL_, path)).toBe(path);
    expect(locate({ urlMatch: "pool.example.com", urlReplace: "edge" }, URL_, path)).toBe(
      "https://edge/blobs/sha256/ab",
    );
    expect(locate({ signer: AKAMAI }, URL_, path)).toStartWith(`${path}?_auth_=exp=`);
    expect(locationsOf({}).v1(URL_, path)).toBe(path);
  });

  test("is good for as long as its signature is", () => {
    expect(locationsOf({ urlMatch: "a", urlReplace: "b" }).signedFor).toBeUndefined();
    expect(locationsOf({ signer: AKAMAI }).signedFor).toBe(AKAMAI.ttl);
  });
});

test("a v1 URL is neither rewritten nor signed", () => {
  const { v1 } = locationsOf({ urlMatch: "static", urlReplace: "edge", signer: AKAMAI });
  expect(v1(URL_, "0123/layer")).toBe("https://static.example.com/pulp/app/0123/layer");
});

describe("Akamai's token", () => {
  const hmacOf = (algo: string, text: string, secret = "0badc0ffee"): string =>
    createHmac(algo, Buffer.from(secret, "hex")).update(text).digest("hex");
  const SIGNED = "exp=1700000300~url=/pulp/app/manifests/latest";

  test.each(["sha256", "sha1", "md5"] as const)("is an HMAC by %s over expiry and path", (algo) => {
    const url = locate({ signer: { ...AKAMAI, algo } });
    expect(url).toBe(`${URL_}manifests/latest?_auth_=exp=1700000300~hmac=${hmacOf(algo, SIGNED)}`);
  });

  test.each([
    ["https://static.example.com", "http://user@edge.example.org:8080", "/pulp/app/manifests/latest"],
    ["https://static.example.com", "//edge.example.org", "/pulp/app/manifests/latest"],
    ["https://static.example.com", "", "/pulp/app/manifests/latest"],
    ["pulp", "a%20b;c", "/a%20b;c/app/manifests/latest"],
  ])("is for the path after %j became %j", (urlMatch, urlReplace, path) => {
    const url = locate({ urlMatch, urlReplace, signer: AKAMAI });
    expect(url.split("~hmac=")[1]).toBe(hmacOf("sha256", `exp=1700000300~url=${path}`));
  });

  test("follows the clock", () => {
    let now = NOW;
    const { v2 } = locationsOf({ signer: { ...AKAMAI, ttl: 42, param: "tok" } }, () => now);
    expect(v2(URL_, "a")).toContain("?tok=exp=1700000042~hmac=");
    now += 1;
    expect(v2(URL_, "a")).toContain("?tok=exp=1700000043~hmac=");
  });
});

describe("CloudFront's signature", () => {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const signer: Signer = { kind: "cloudfront", keyPairId: "K2JCJMDEHXQW5F", privateKey, ttl: 300 };
  const SHAPE = /^(.+)\?Expires=(\d+)&Signature=([\w~-]+)&Key-Pair-Id=K2JCJMDEHXQW5F$/;

  /** What CloudFront does: it builds the policy from the URL that it was asked for. */
  function expiryOf(signed: string): number {
    const [, url = "", expires = "", text = ""] = SHAPE.exec(signed) ?? [];
    const policy = [
      '{"Statement":[{"Resource":"',
      url,
      '","Condition":{"DateLessThan":{"AWS:EpochTime":',
      expires,
      "}}}]}",
    ].join("");
    const signature = Buffer.from(
      text.replace(/[-_~]/g, (char) => ({ "-": "+", _: "=", "~": "/" })[char] ?? ""),
      "base64",
    );
    expect(verify("RSA-SHA1", Buffer.from(policy), createPublicKey(privateKey), signature)).toBe(true);
    return Number(expires);
  }

  test("is for the URL that the client asks for, and ends", () => {
    const signed = locate({ urlMatch: "static.example.com", urlReplace: "d111111abcdef8.cloudfront.net", signer });
    expect(signed).toStartWith("https://d111111abcdef8.cloudfront.net/pulp/app/manifests/latest?Expires=");
    expect(expiryOf(signed)).toBe(NOW + 300);
  });

  test("may stand in a URL, whatever its bytes", () => {
    const { v2 } = locationsOf({ signer });
    const texts = Array.from({ length: 40 }, (_, number) => v2(URL_, `blobs/sha256:${number}`));
    for (const text of texts) expiryOf(text);
    expect(new Set(texts.join("").match(/[-_~]/g))).toEqual(new Set(["-", "_", "~"]));
  });

  test("is given to everybody for a fifth of its time", () => {
    let now = NOW;
    const { v2 } = locationsOf({ signer }, () => now);
    const first = v2(URL_, "a");
    now = NOW + 59;
    expect(v2(URL_, "a")).toBe(first);
    expect(expiryOf(v2(URL_, "b"))).toBe(NOW + 359);
    now = NOW + 60;
    expect(expiryOf(v2(URL_, "a"))).toBe(NOW + 360);
  });

  test("never outlives its time, though the clock be set back or the time be short", () => {
    let now = NOW;
    const { v2 } = locationsOf({ signer: { ...signer, ttl: 1 } }, () => now);
    expect(expiryOf(v2(URL_, "a"))).toBe(NOW + 1);
    now = NOW + 1;
    expect(expiryOf(v2(URL_, "a"))).toBe(NOW + 2);
    now = NOW - 100;
    expect(expiryOf(v2(URL_, "a"))).toBe(NOW - 99);
  });
});

describe("S3's signature", () => {
  const signer: Signer = {
    kind: "s3",
    region: "us-east-1",
    accessKeyId: "AKIAIOSFODNN7EXAMPLE",
    secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    sessionToken: undefined,
    ttl: 86_400,
  };

  test("is that of the documented example", () => {
    const { v2 } = locationsOf({ signer }, () => Date.UTC(2013, 4, 24) / 1000);
    expect(v2("https://examplebucket.s3.amazonaws.com/", "test.txt")).toBe(
      "https://examplebucket.s3.amazonaws.com/test.txt" +
        "?X-Amz-Algorithm=AWS4-HMAC-SHA256" +
        "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request" +
        "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host" +
        "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
    );
  });

  const timeOf = (url: URL): number => {
    const iso = (url.searchParams.get("X-Amz-Date") ?? "").replace(
      /(....)(..)(..T..)(..)(..Z)/,
      (_, year, month, hour, minute, second) => `${year}-${month}-${hour}:${minute}:${second}`,
    );
    return Date.parse(iso) / 1000;
  };

  test.each([
    ["a bucket in the path", { endpoint: "https://s3.example.com" }, "https://s3.example.com/bucket/", {}],
    ["a port", { endpoint: "http://127.0.0.1:9000" }, "http://127.0.0.1:9000/bucket/", {}],
    ["a bucket in the host", { virtualHostedStyle: true }, "https://bucket.s3.eu-west-1.amazonaws.com/", {}],
    [
      "a lent key",
      { sessionToken: "a/b+c==" },
      "https://s3.eu-west-1.amazonaws.com/bucket/",
      { sessionToken: "a/b+c==" },
    ],
  ])("is what Bun makes of the same, with %s", (_, options, url, more) => {
    const { accessKeyId, secretAccessKey } = signer;
    const client = new Bun.S3Client({
      accessKeyId,
      secretAccessKey,
      bucket: "bucket",
      region: "eu-west-1",
      ...options,
    });
    for (const method of ["GET", "HEAD"] as const) {
      for (const key of ["app/manifests/latest", "a b/(c)+d~e_f!/blobs/sha256:0123"]) {
        const theirs = new URL(client.presign(key, { method, expiresIn: 60 }));
        const { v2 } = locationsOf({ signer: { ...signer, region: "eu-west-1", ttl: 60, ...more } }, () =>
          timeOf(theirs),
        );
        const ours = new URL(v2(url, encodeURI(key), method));
        expect(ours.host + ours.pathname).toBe(theirs.host + theirs.pathname);
        expect(Object.fromEntries(ours.searchParams)).toEqual(Object.fromEntries(theirs.searchParams));
      }
    }
  });

  const signedFrom = (url: string, path = "manifests/latest") => locate({ signer }, url, path);

  test.each([
    ["https://s3.example.com:443/b/", "https://s3.example.com/b/"],
    ["http://s3.example.com:80/b/", "http://s3.example.com/b/"],
    ["https://S3.Example.COM/b/", "https://s3.example.com/b/"],
    ["https://s3.example.com/b/%7eme/%41%3a/", "https://s3.example.com/b/~me/A%3A/"],
    ["https://s3.example.com/b/%e9/", "https://s3.example.com/b/%E9/"],
    ["https://s3.example.com/b/a+b/", "https://s3.example.com/b/a%2Bb/"],
    ["https://s3.example.com/b/100%/", "https://s3.example.com/b/100%25/"],
    ["https://s3.example.com/b//c/", "https://s3.example.com/b//c/"],
  ])("is over one way to write a URL: %s is %s", (url, canonical) => {
    expect(signedFrom(url)).toBe(signedFrom(canonical));
    expect(signedFrom(url)).toStartWith(`${canonical}manifests/latest?`);
  });

  test("has a port only where it is not the usual one", () => {
    expect(signedFrom("http://s3.example.com:443/b/")).toStartWith("http://s3.example.com:443/b/");
    expect(signedFrom("https://s3.example.com:80/b/")).toStartWith("https://s3.example.com:80/b/");
  });

  test("is of no use to a URL without host", () => {
    expect(locate({ urlMatch: "https://static.example.com/", urlReplace: "/", signer })).toBe(
      "/pulp/app/manifests/latest",
    );
  });

  test("follows the clock over midnight", () => {
    let now = Date.UTC(2026, 10, 24, 23, 59, 59) / 1000;
    const at = (time: number) => locationsOf({ signer }, () => time).v2(URL_, "a");
    const { v2 } = locationsOf({ signer }, () => now);
    expect(v2(URL_, "a")).toContain("X-Amz-Date=20261124T235959Z");
    now += 1;
    expect(v2(URL_, "a")).toContain("%2F20261125%2F");
    expect(v2(URL_, "a")).toContain("X-Amz-Date=20261125T000000Z");
    expect(v2(URL_, "a")).toBe(at(now));
    expect(v2(URL_, "b")).not.toBe(v2(URL_, "a"));
  });
});
