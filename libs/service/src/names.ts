/**
 * Name of a topic, group, transactional id or registry subject on the cluster: the namespace is a plain prefix, so
 * that several Weirs, or tests, share one cluster. Contracts hold the name without it.
 */
export function topicName(namespace: string, name: string): string {
  return namespace + name
}
