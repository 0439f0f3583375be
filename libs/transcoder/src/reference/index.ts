export { compileLocator } from './locator.ts'
export { compileRewriter } from './rewriter.ts'
