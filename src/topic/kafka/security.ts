/**
 * KafkaJS's `ssl` and `sasl` from the settings of security. Promises that every file was read and is what it should be
 * before a broker is spoken to (else exit 2, naming flag, variable and path), and that brokers' certificates are
 * checked whatever the environment says. Leaves alone connecting.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { ConnectionOptions } from "node:tls";
import type { SASLOptions } from "kafkajs";
import { systemErrorCode, usageError } from "../../errors.ts";
import type { KafkaSasl, KafkaTls, OwnCertificate } from "../../settings/security.ts";
import type { Settings } from "../../settings/settings.ts";

const CA = "--ssl-ca-file (KAFKA_SSL_CA_FILE)";
const CERTIFICATE = "--ssl-certificate-file (KAFKA_SSL_CERTIFICATE_FILE)";
const KEY = "--ssl-key-file (KAFKA_SSL_KEY_FILE)";

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;
const PEM_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----/;
const ENCRYPTED_KEY = /-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m;

/** To be spread into KafkaJS's configuration. */
export interface KafkaJsSecurity {
  readonly ssl?: ConnectionOptions;
  readonly sasl?: SASLOptions;
}

/** What KafkaJS is to be given; neither part where the protocol is PLAINTEXT. */
export function securityOf(settings: Pick<Settings, "security">): KafkaJsSecurity {
  const { tls, sasl } = settings.security;
  return {
    ...(tls === undefined ? {} : { ssl: encryption(tls) }),
    ...(sasl === undefined ? {} : { sasl: credentials(sasl) }),
  };
}

function credentials({ mechanism, username, password }: KafkaSasl): SASLOptions {
  switch (mechanism) {
    case "PLAIN":
      return { mechanism: "plain", username, password };
    case "SCRAM-SHA-256":
      return { mechanism: "scram-sha-256", username, password };
    case "SCRAM-SHA-512":
      return { mechanism: "scram-sha-512", username, password };
  }
}

function encryption({ caFile, own }: KafkaTls): ConnectionOptions {
  return {
    // Said here because NODE_TLS_REJECT_UNAUTHORIZED=0 would otherwise turn the check off.
    rejectUnauthorized: true,
    ...(caFile === undefined ? {} : { ca: readCertificates(CA, caFile).pem }),
    ...(own === undefined ? {} : readOwn(own)),
  };
}

function readOwn({ certificateFile, keyFile, keyPassword }: OwnCertificate): { cert: string; key: string } {
  const { pem: cert, first } = readCertificates(CERTIFICATE, certificateFile);
  const key = readKey(keyFile, keyPassword);
  if (!first.checkPrivateKey(key)) {
    throw usageError(
      `${KEY} names ${keyFile}, whose key is not that of the certificate in ${certificateFile}`,
      `let ${CERTIFICATE} name its certificate, the first where the file holds several`,
    );
  }
  // Without its password: runtimes differ in which encrypted keys their TLS reads.
  return { cert, key: key.export({ type: "pkcs8", format: "pem" }).toString() };
}

function readCertificates(setting: string, path: string): { pem: string; first: X509Certificate } {
  const pem = readText(setting, path);
  const blocks = pem.match(PEM_CERTIFICATE) ?? [];
  const certificates = blocks.map((block) => {
    try {
      return new X509Certificate(block);
    } catch (error) {
      throw usageError(
        `${setting} names ${path}, which holds a damaged certificate`,
        "let it name a file of certificates in PEM format",
        error,
      );
    }
  });
  if (certificates.length === 0) {
    throw usageError(
      `${setting} names ${path}, which holds no certificate in PEM format`,
      "a Java keystore is exported with: keytool -exportcert -rfc -keystore FILE -alias NAME",
    );
  }
  return { pem, first: certificates[0] };
}

function readKey(path: string, password: string | undefined): KeyObject {
  const pem = readText(KEY, path);
  if (!PEM_KEY.test(pem)) {
    throw usageError(
      `${KEY} names ${path}, which holds no private key in PEM format`,
      "it begins with -----BEGIN PRIVATE KEY----- or the like",
    );
  }
  const isEncrypted = ENCRYPTED_KEY.test(pem);
  if (isEncrypted && password === undefined) {
    throw usageError(
      `${KEY} names ${path}, whose key has a password, but none is given`,
      "set KAFKA_SSL_KEY_PASSWORD, or let KAFKA_SSL_KEY_PASSWORD_FILE name a file that holds it",
    );
  }
  try {
    return createPrivateKey({ key: pem, ...(isEncrypted ? { passphrase: password } : {}) });
  } catch (error) {
    throw usageError(
      `${KEY} names ${path}, whose key cannot be read${isEncrypted ? " with the password given" : ""}`,
      isEncrypted ? "check KAFKA_SSL_KEY_PASSWORD" : "let it name a private key in PEM format",
      error,
    );
  }
}

function readText(setting: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw usageError(
      `${setting} names ${path}, which cannot be read (${systemErrorCode(error) ?? "error"})`,
      "let it name a file in PEM format that this user may read",
      error,
    );
  }
}
