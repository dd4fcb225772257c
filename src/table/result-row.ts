/** Rows of `movie_ratings` as databases give them, made ours: one shape, whichever database they come from. */
import type { Row } from "../epoch.ts";
import { stateError } from "../errors.ts";

/** Exit 4 for a row that cannot be ours. */
export function resultRow(columns: Record<string, unknown>): Row {
  const movieId = Number(columns.movie_id);
  if (!Number.isSafeInteger(movieId)) {
    throw stateError(
      `movie_ratings holds a row that is not ours: movie ${JSON.stringify(columns.movie_id)}, ` +
        `window ${columns.window_start}`,
      "remove the row, or ask for fewer rows with --limit",
    );
  }
  return {
    windowStart: Number(columns.window_start),
    movieId,
    title: String(columns.title),
    ratingCount: Number(columns.rating_count),
    ratingSum: Number(columns.rating_sum),
    uniqueRatingCount: Number(columns.unique_rating_count),
  };
}
