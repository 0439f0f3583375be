/**
 * Bytes of one Produce request: far below what a broker takes by default (`socket.request.max.bytes`, 100 MiB) and above
 * any batch, so that many partitions can't add up to a request that is refused by closing the connection.
 */
const MAX_REQUEST_BYTES = 16 * 1024 * 1024

/** What is to be sent, in as many requests as that takes; in the order given. One batch is never parted. */
export function inRequests<T extends { readonly bytes: Buffer }>(
  batches: readonly T[],
  maxBytes = MAX_REQUEST_BYTES,
): T[][] {
  const requests: T[][] = []
  let bytes = Number.POSITIVE_INFINITY
  for (const batch of batches) {
    if (bytes + batch.bytes.length > maxBytes) {
      requests.push([])
      bytes = 0
    }
    requests.at(-1)?.push(batch)
    bytes += batch.bytes.length
  }
  return requests
}
