/**
 * What PostgreSQL stores of a password (SCRAM-SHA-256, RFC 5802 and 7677), made here, so that a new user's password
 * is in no statement and hence in no server's log. Knows no connection.
 */
import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";

/** PostgreSQL's own numbers. */
const ITERATIONS = 4096;
const SALT_BYTES = 16;
const KEY_BYTES = 32;

/** RFC 3454, tables C.1.2 and B.1: spaces that become one, characters that become nothing. */
const SPACES = /[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/g;
const NOTHING = /\u00ad|\u034f|\u1806|[\u180b-\u180d]|[\u200c\u200d]|\u2060|[\ufe00-\ufe0f]|\ufeff/g;

/** For `CREATE ROLE … PASSWORD`, in the place of the password itself. */
export function scramVerifier(password: string, salt: Uint8Array = randomBytes(SALT_BYTES)): string {
  const prepared = password.replace(SPACES, " ").replace(NOTHING, "").normalize("NFKC");
  const salted = pbkdf2Sync(prepared, salt, ITERATIONS, KEY_BYTES, "sha256");
  const sign = (text: string) => createHmac("sha256", salted).update(text).digest();
  const storedKey = createHash("sha256").update(sign("Client Key")).digest("base64");
  const serverKey = sign("Server Key").toString("base64");
  return `SCRAM-SHA-256$${ITERATIONS}:${Buffer.from(salt).toString("base64")}$${storedKey}:${serverKey}`;
}
