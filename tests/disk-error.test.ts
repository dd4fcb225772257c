/** What an error of the file system is to a user. */
import { expect, test } from "bun:test";
import { diskError } from "../src/disk/durable-file.ts";
import { UserError } from "../src/errors.ts";

// Of disks that fail, and of folders on a network or in user space whose server has gone.
test.each(["EIO", "ESTALE", "ETIMEDOUT", "EHOSTDOWN", "ENOTCONN"])("%s is exit 3, and names the path", (code) => {
  const error = diskError("write", "/home/x/log", Object.assign(new Error(code), { code })) as UserError;
  expect(error).toBeInstanceOf(UserError);
  expect([error.exitCode, error.message]).toEqual([3, expect.stringContaining(`cannot write /home/x/log (${code})`)]);
});

test("what is not the file system's comes through as it is", () => {
  const error = new Error("no code");
  expect(diskError("write", "/home/x/log", error)).toBe(error);
});
