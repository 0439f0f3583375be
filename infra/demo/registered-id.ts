/** Id under which the registry has a subject's newest schema. */
export async function registeredId(registryUrl: string, subject: string): Promise<number> {
  const response = await fetch(`${registryUrl}/subjects/${encodeURIComponent(subject)}/versions/latest`)
  if (!response.ok) throw new Error(`The schema registry answered ${response.status} when asked for ${subject}.`)
  const { id } = (await response.json()) as { id: number }
  return id
}
