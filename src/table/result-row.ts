/** Rows of `movie_ratings` as databases give them, made ours: one shape, whichever database they come from. */
import type { Row } from "../epoch.ts";

export function resultRow(columns: Record<string, unknown>): Row {
  return {
    windowStart: Number(columns.window_start),
    movieId: Number(columns.movie_id),
    title: String(columns.title),
    ratingCount: Number(columns.rating_count),
    ratingSum: Number(columns.rating_sum),
    uniqueRatingCount: Number(columns.unique_rating_count),
  };
}
