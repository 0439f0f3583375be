export { DIRECTED, type DirectedName, directed } from './directed.ts'
export { drawSchedule } from './draw.ts'
export * from './steps.ts'
