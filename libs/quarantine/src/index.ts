export * from './labels.ts'
export * from './offset-ranges.ts'
export * from './raw-record.ts'
export * from './redrive-names.ts'
