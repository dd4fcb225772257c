/**
 * The kinds of value that a setting can have: how each is read from text, and how a message says what it must be.
 * Reading never throws and never prints: `INVALID` tells `settings.ts` to say what is wrong and where it came from.
 */

/** The result of reading text that is not a value of its kind. Not undefined: that is the value of `off`. */
export const INVALID = Symbol("invalid");

export interface Kind<T> {
  /** Completes "must be …". */
  readonly expected: string;
  readonly read: (text: string) => T | typeof INVALID;
}

/** Kafka's own limit on the length of a topic's name; ours for a group's too. */
const NAME_LENGTH_MAX = 249;
const PORT_MAX = 65_535;
const KAFKA_PORT = 9092;

const WHOLE_NUMBER = /^[+-]?\d+$/;
const DECIMAL_NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)$/;

/** A decimal number from `min` to `max`, both included. */
export function decimal(min: number, max: number, unit = ""): Kind<number> {
  return {
    expected: `a number${unit} from ${min} to ${max}`,
    read: (text) => inRange(text, DECIMAL_NUMBER, min, max),
  };
}

/** A whole number from `min` to `max`, both included. */
export function whole(min: number, max: number, unit = ""): Kind<number> {
  return {
    expected: `a whole number${unit} from ${min} to ${max}`,
    read: (text) => inRange(text, WHOLE_NUMBER, min, max),
  };
}

function inRange(text: string, syntax: RegExp, min: number, max: number): number | typeof INVALID {
  if (!syntax.test(text)) return INVALID;
  const value = Number(text);
  return value >= min && value <= max ? value : INVALID;
}

/** The same number in another unit: days as milliseconds, say. */
export function times(factor: number, kind: Kind<number>): Kind<number> {
  return {
    expected: kind.expected,
    read: (text) => {
      const value = kind.read(text);
      return value === INVALID ? INVALID : value * factor;
    },
  };
}

/** A value of `kind`, or `off`, which reads as undefined. */
export function orOff<T>(kind: Kind<T>): Kind<T | undefined> {
  return {
    expected: `${kind.expected}, or off`,
    read: (text) => (text.toLowerCase() === "off" ? undefined : kind.read(text)),
  };
}

/** One of a few words, in any case; the value is the word as written here. */
export function oneOf<const Word extends string>(...words: Word[]): Kind<Word> {
  return {
    expected: words.length === 2 ? words.join(" or ") : `one of ${words.join(", ")}`,
    read: (text) => words.find((word) => word.toLowerCase() === text.toLowerCase()) ?? INVALID,
  };
}

/** Yes or no. The flag alone means yes; the variable needs a word. */
export const yesOrNo: Kind<boolean> = {
  expected: "true or false",
  read: (text) => {
    const word = text.toLowerCase();
    if (word === "true" || word === "1" || word === "yes") return true;
    return word === "false" || word === "0" || word === "no" ? false : INVALID;
  },
};

/** Any text: whether it makes sense is judged elsewhere. */
export const text: Kind<string> = { expected: "text", read: (value) => value };

/** A path, taken as it is. */
export const path: Kind<string> = {
  expected: "the path of a file or folder",
  read: (value) => (value.includes("\0") ? INVALID : value),
};

/** What Kafka takes as the name of a topic. */
export const topicName: Kind<string> = {
  expected: `1 to ${NAME_LENGTH_MAX} letters, figures, dots, underscores or hyphens, other than . and ..`,
  read: (name) => {
    const allowed = /^[A-Za-z0-9._-]+$/.test(name) && name !== "." && name !== "..";
    return allowed && name.length <= NAME_LENGTH_MAX ? name : INVALID;
  },
};

/** A consumer group's name: Kafka allows almost anything; control characters would only garble messages. */
export const groupName: Kind<string> = {
  expected: `1 to ${NAME_LENGTH_MAX} characters without control characters`,
  read: (name) => (/^\P{Cc}+$/u.test(name) && name.length <= NAME_LENGTH_MAX ? name : INVALID),
};

/** `host:port,host:port`: reads as a list in which every broker has its port. */
export const brokerList: Kind<string[]> = {
  expected: "host:port, several separated by commas",
  read: (list) => {
    const brokers = list.split(",").map((broker) => readBroker(broker.trim()));
    return brokers.every((broker) => broker !== INVALID) ? brokers : INVALID;
  },
};

function readBroker(broker: string): string | typeof INVALID {
  const parts = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?$/.exec(broker);
  if (parts === null) return INVALID;
  const port = Number(parts[2] ?? KAFKA_PORT);
  return port >= 1 && port <= PORT_MAX ? `${parts[1]}:${port}` : INVALID;
}
