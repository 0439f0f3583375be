import fc from 'fast-check'

/** A source of generated values that a seed determines. */
export function generatorOf(seed: number): fc.GeneratorValue {
  const [generator] = fc.sample(fc.gen(), { seed, numRuns: 1 })
  if (generator === undefined) throw new Error('a sample of one has one')
  return generator
}
