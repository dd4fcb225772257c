/**
 * The settings that say how to connect to Kafka's brokers: encrypted or not, and as whom; and what must hold between
 * them. Messages hold no secret. Leaves alone what the files hold (`topic/kafka/security.ts`). Without brokers nothing
 * here is looked at, so variables set for other programs do no harm.
 */
import { usageError } from "../errors.ts";
import { type CommandName, setting } from "./row.ts";
import * as is from "./values.ts";

const KAFKA_COMMANDS: readonly CommandName[] = ["setup", "produce", "process", "consume-kafka", "cleanup"];

export const SECURITY_SETTINGS = {
  securityProtocol: setting({
    flag: "security-protocol",
    variable: "KAFKA_SECURITY_PROTOCOL",
    placeholder: "name",
    default: "PLAINTEXT",
    meaning: "protocol of the brokers' listener: PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL",
    kind: is.oneOf("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"),
    commands: KAFKA_COMMANDS,
  }),
  saslMechanism: setting({
    flag: "sasl-mechanism",
    variable: "KAFKA_SASL_MECHANISM",
    placeholder: "name",
    default: "PLAIN",
    meaning: "with SASL: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512",
    kind: is.oneOf("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"),
    commands: KAFKA_COMMANDS,
  }),
  saslUsername: setting<string | undefined>({
    flag: "sasl-username",
    variable: "KAFKA_SASL_USERNAME",
    placeholder: "name",
    meaning: "with SASL: the user name",
    kind: is.text,
    commands: KAFKA_COMMANDS,
  }),
  saslPassword: setting<string | undefined>({
    flag: undefined,
    variable: "KAFKA_SASL_PASSWORD",
    meaning: "that user's password",
    kind: is.text,
    commands: KAFKA_COMMANDS,
    secret: true,
  }),
  sslCaFile: setting<string | undefined>({
    flag: "ssl-ca-file",
    variable: "KAFKA_SSL_CA_FILE",
    placeholder: "file",
    defaultMeans: "none: those that the system trusts",
    meaning: "with SSL: certificates (PEM) of the authorities to trust",
    kind: is.path,
    commands: KAFKA_COMMANDS,
  }),
  sslCertificateFile: setting<string | undefined>({
    flag: "ssl-certificate-file",
    variable: "KAFKA_SSL_CERTIFICATE_FILE",
    placeholder: "file",
    meaning: "with SSL: our own certificate (PEM), for brokers that ask for one",
    kind: is.path,
    commands: KAFKA_COMMANDS,
  }),
  sslKeyFile: setting<string | undefined>({
    flag: "ssl-key-file",
    variable: "KAFKA_SSL_KEY_FILE",
    placeholder: "file",
    meaning: "that certificate's private key (PEM)",
    kind: is.path,
    commands: KAFKA_COMMANDS,
  }),
  sslKeyPassword: setting<string | undefined>({
    flag: undefined,
    variable: "KAFKA_SSL_KEY_PASSWORD",
    meaning: "that key's password, if it has one",
    kind: is.text,
    commands: KAFKA_COMMANDS,
    secret: true,
  }),
} as const;

type Given = {
  [Name in keyof typeof SECURITY_SETTINGS]: Exclude<
    ReturnType<(typeof SECURITY_SETTINGS)[Name]["kind"]["read"]>,
    symbol
  >;
};

/** How to connect to brokers. */
export interface KafkaSecurity {
  /** Undefined: not encrypted. */
  readonly tls: KafkaTls | undefined;
  /** Undefined: no login. */
  readonly sasl: KafkaSasl | undefined;
}

/** What embedded topics have. */
export const NO_SECURITY: KafkaSecurity = { tls: undefined, sasl: undefined };

export interface KafkaTls {
  readonly caFile: string | undefined;
  /** Both or neither: the certificate that the broker may ask for, and its key. */
  readonly own: OwnCertificate | undefined;
}

export interface OwnCertificate {
  readonly certificateFile: string;
  readonly keyFile: string;
  readonly keyPassword: string | undefined;
}

export interface KafkaSasl {
  readonly mechanism: Given["saslMechanism"];
  readonly username: string;
  readonly password: string;
}

/** Joins the settings of security into one; `protocolSource` is where the protocol came from, for messages. */
export function chooseSecurity(given: Given, protocolSource: string | undefined): KafkaSecurity {
  const protocol = given.securityProtocol;
  const because = `${protocolSource} is ${protocol}`;
  return {
    tls: protocol === "SSL" || protocol === "SASL_SSL" ? chooseTls(given) : undefined,
    sasl: protocol === "SASL_PLAINTEXT" || protocol === "SASL_SSL" ? chooseSasl(given, because) : undefined,
  };
}

function chooseTls(given: Given): KafkaTls {
  const { sslCaFile: caFile, sslCertificateFile: certificateFile, sslKeyFile: keyFile } = given;
  if (certificateFile === undefined && keyFile === undefined) return { caFile, own: undefined };
  if (certificateFile === undefined || keyFile === undefined) {
    const certificate = "--ssl-certificate-file (KAFKA_SSL_CERTIFICATE_FILE)";
    const key = "--ssl-key-file (KAFKA_SSL_KEY_FILE)";
    const [there, missing] = certificateFile === undefined ? [key, certificate] : [certificate, key];
    throw usageError(`${there} is given without ${missing}`, "give both, or neither where brokers ask for none");
  }
  return { caFile, own: { certificateFile, keyFile, keyPassword: given.sslKeyPassword } };
}

function chooseSasl(given: Given, because: string): KafkaSasl {
  const { saslMechanism: mechanism, saslUsername: username, saslPassword: password } = given;
  if (username === undefined) {
    throw usageError(`${because}, but no user is given`, "set KAFKA_SASL_USERNAME or give --sasl-username");
  }
  if (password === undefined) {
    throw usageError(
      `${because}, but no password is given`,
      "set KAFKA_SASL_PASSWORD, or let KAFKA_SASL_PASSWORD_FILE name a file that holds it",
    );
  }
  return { mechanism, username, password };
}
