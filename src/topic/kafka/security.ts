import type { Settings } from "../../settings.ts";
import type { KafkaPlace } from "./client.ts";
export function securityOf(_settings: Settings): Pick<KafkaPlace, "ssl" | "sasl"> {
  return {};
}
