/** Rows of `movie_ratings` as databases give them, made ours: one shape, whichever database they come from. */
import type { Row } from "../epoch.ts";

/** A row as it is read: what somebody else put there may have anything for a movie id, which is then text. */
export type ResultRow = Omit<Row, "movieId"> & { readonly movieId: number | string };

export function resultRow(columns: Record<string, unknown>): ResultRow {
  const idText = String(columns.movie_id);
  const id = Number(idText);
  return {
    windowStart: Number(columns.window_start),
    movieId: String(id) === idText ? id : idText,
    title: String(columns.title),
    ratingCount: Number(columns.rating_count),
    ratingSum: Number(columns.rating_sum),
    uniqueRatingCount: Number(columns.unique_rating_count),
  };
}
