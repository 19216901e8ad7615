/** Who asks. */
interface S3Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Comes with keys that are lent for a time. */
  readonly sessionToken: string | undefined;
}

/** Which server, and who asks. */
export interface S3Connection {
  /** Undefined for Amazon's own. */
  readonly endpoint: string | undefined;
  readonly region: string;
  /** Undefined for nobody in particular, which public buckets answer too. */
  readonly keys: S3Keys | undefined;
}

/** How redirect files are had from a bucket. */
export interface S3Access {
  readonly connection: S3Connection;
  /** Seconds that a request may take. */
  readonly timeout: number;
}

/** What was said of the server elsewhere; what it leaves out is looked for in the environment. */
interface S3Choice {
  readonly endpoint: string | undefined;
  readonly region: string | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** A value that can't be used. */
interface UnusableValue {
  /** The variable that has it; undefined where it was said elsewhere. */
  readonly variable: string | undefined;
  readonly value: string;
}

/** How to reach a server, and what of it is wrong or missing. */
interface S3Surroundings {
  readonly connection: S3Connection;
  /** An endpoint that is not an absolute http or https URL. */
  readonly badEndpoint: UnusableValue | undefined;
  /** The variable that has the region, if one has. */
  readonly regionVariable: string | undefined;
  /** Variables of the keys that are not set. */
  readonly missingKeys: readonly string[];
}

const ENDPOINT_VARIABLES = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"];
const REGION_VARIABLES = ["AWS_REGION", "AWS_DEFAULT_REGION"];
const KEY_VARIABLES = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] as const;
const TOKEN_VARIABLE = "AWS_SESSION_TOKEN";

/** Variables whose values nobody may be shown. */
export const SECRET_VARIABLES: readonly string[] = [...KEY_VARIABLES, TOKEN_VARIABLE];

const USUAL_REGION = "us-east-1";

const isEndpoint = (text: string): boolean => /^https?:\/\/[^/?#]/i.test(text) && URL.canParse(text);

/**
 * How to reach the server: from what was said elsewhere, and from the variables that all tools for S3 read. Files of
 * profiles are not read; `aws configure export-credentials --format env` makes variables of them.
 */
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
      region: choice.region ?? inVariable(regionVariable) ?? USUAL_REGION,
      keys: missingKeys.length === 0 ? { accessKeyId, secretAccessKey, sessionToken } : undefined,
    },
    badEndpoint: endpoint === undefined || isEndpoint(endpoint) ? undefined : { variable, value: endpoint },
    regionVariable,
    missingKeys,
  };
}
