/** The error for the user that something ends with. Where it goes through, or ends with a bug, the test fails. */
import { UserError } from "../src/errors.ts";

export function failure(run: () => unknown): UserError {
  try {
    run();
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error("nothing was refused, where an error was expected");
}

/** As `failure`, of what is awaited. */
export async function failureOf(attempt: () => unknown): Promise<UserError> {
  try {
    await attempt();
  } catch (error) {
    return failure(() => {
      throw error;
    });
  }
  throw new Error("the attempt went through, where an error was expected");
}
