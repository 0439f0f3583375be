export * from './faults.ts'
export * from './port.ts'
export * from './reference/index.ts'
