/** An access key. */
export interface S3Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Comes with temporary keys. */
  readonly sessionToken: string | undefined;
}

/** The server, and the key that requests are signed with. */
export interface S3Connection {
  /** Undefined for Amazon's own. */
  readonly endpoint: string | undefined;
  /** Undefined for the profile's, or else the usual one. */
  readonly region: string | undefined;
  /** Undefined for those of the standard places, or else none, which public buckets answer too. */
  readonly keys: S3Keys | undefined;
}

/** Access to a bucket of redirect files. */
export interface S3Access {
  readonly connection: S3Connection;
  /** Seconds that a request may take. */
  readonly timeout: number;
}

/** Settings of the server; what they leave out is taken from the environment. */
interface S3Choice {
  readonly endpoint: string | undefined;
  readonly region: string | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** A value that can't be used. */
interface UnusableValue {
  /** The variable that has it; undefined when it comes from a setting. */
  readonly variable: string | undefined;
  readonly value: string;
}

/** The connection to a server, with its faults. */
interface S3Surroundings {
  readonly connection: S3Connection;
  /** An endpoint that is not an absolute http or https URL. */
  readonly badEndpoint: UnusableValue | undefined;
  /** The variable that has the region, if one has. */
  readonly regionVariable: string | undefined;
  /** The variable that is not set, where only one half of the key is. */
  readonly missingKeys: readonly string[];
}

const ENDPOINT_VARIABLES = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"];
const REGION_VARIABLES = ["AWS_REGION", "AWS_DEFAULT_REGION"];
const KEY_VARIABLES = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] as const;
const TOKEN_VARIABLE = "AWS_SESSION_TOKEN";

/** Variables whose values are secret. */
export const SECRET_VARIABLES: readonly string[] = [...KEY_VARIABLES, TOKEN_VARIABLE];

const isEndpoint = (text: string): boolean => /^https?:\/\/[^/?#]/i.test(text) && URL.canParse(text);

/** Finds out how to reach the server: from settings, and from the variables that all tools for S3 read. */
export function s3Surroundings(choice: S3Choice, environment: Environment): S3Surroundings {
  const isGiven = (variable: string): boolean => (environment[variable] ?? "") !== "";
  const given = (variables: readonly string[]) => variables.find(isGiven);
  const inVariable = (variable: string | undefined) => (variable === undefined ? undefined : environment[variable]);
  const variable = choice.endpoint === undefined ? given(ENDPOINT_VARIABLES) : undefined;
  const endpoint = choice.endpoint ?? inVariable(variable);
  const regionVariable = choice.region === undefined ? given(REGION_VARIABLES) : undefined;
  const [accessKeyId = "", secretAccessKey = ""] = KEY_VARIABLES.map((each) => environment[each]);
  const missingKeys = KEY_VARIABLES.filter((each) => !isGiven(each));
  const sessionToken = inVariable(given([TOKEN_VARIABLE]));
  return {
    connection: {
      endpoint,
      region: choice.region ?? inVariable(regionVariable),
      keys: missingKeys.length === 0 ? { accessKeyId, secretAccessKey, sessionToken } : undefined,
    },
    badEndpoint: endpoint === undefined || isEndpoint(endpoint) ? undefined : { variable, value: endpoint },
    regionVariable,
    missingKeys: missingKeys.length === 1 ? missingKeys : [],
  };
}
