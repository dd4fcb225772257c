/**
 * Where the fields of a record batch's header lie, in bytes from its start, and what its attributes mean: format v2
 * (Kafka protocol guide, "Record Batch"). Numbers are big-endian, and as wide as the next field leaves room. Pure.
 */

export const BASE_OFFSET_AT = 0;
/** The length counts what comes after it. */
export const BATCH_LENGTH_AT = 8;
/** Bytes of base offset and length, which the length does not count. */
export const BATCH_FRAME_BYTES = 12;
export const LEADER_EPOCH_AT = 12;
/** One byte. */
export const MAGIC_AT = 16;
export const BATCH_CRC_AT = 17;
/** The CRC is of everything from here on. */
export const BATCH_CRC_FROM = 21;
export const ATTRIBUTES_AT = 21;
export const LAST_OFFSET_DELTA_AT = 23;
export const BASE_TIMESTAMP_AT = 27;
export const MAX_TIMESTAMP_AT = 35;
export const PRODUCER_ID_AT = 43;
export const PRODUCER_EPOCH_AT = 51;
export const BASE_SEQUENCE_AT = 53;
export const RECORD_COUNT_AT = 57;
export const BATCH_HEADER_BYTES = 61;

export const MAGIC_V2 = 2;

// In the attributes.
export const COMPRESSION_MASK = 0x07;
export const LOG_APPEND_TIME = 0x08;
export const TRANSACTIONAL = 0x10;
export const CONTROL = 0x20;
