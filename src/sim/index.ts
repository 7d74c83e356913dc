/**
 * `oncewire/sim`: tools with which users try their own services. Histories: written down, checked, drawn.
 */
export { checkLinearizable } from './linearizable.ts'
export type {
  CallOutcome,
  CheckLimits,
  HistoryCall,
  HistoryVerdict,
  PartVerdict,
  SequentialModel,
  Verdict,
} from './linearizable.ts'
export type { LongestPrefix } from './linearizable-search.ts'
export { drawHistory } from './history-page.ts'
export type { PageOptions } from './history-page.ts'
export type { Mark } from './history-layout.ts'
export { historyOf, Recorder } from './recorder.ts'
export type { HistoryEvent, RecorderOptions } from './recorder.ts'
export { keyValueModel } from './key-value.ts'
export type { KeyValueInput, KeyValueOutput, KeyValueState } from './key-value.ts'
