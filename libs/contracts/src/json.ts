/** JSON as it comes out of JSON.parse. */
export type Json = string | number | boolean | null | JsonObject | readonly Json[]
export interface JsonObject {
  readonly [key: string]: Json
}

export function isObject(json: Json | undefined): json is JsonObject {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}

export function isList(json: Json | undefined): json is readonly Json[] {
  return Array.isArray(json)
}

/** Where something stands in a JSON document: keys and indexes from the root. */
export type Pointer = readonly (string | number)[]
