/**
 * Every target, by its name.
 */
import type { Target } from '../fuzz/target.ts'
import { codecTargets } from './codecs.ts'
import { framingTargets } from './framing.ts'
import { formatTarget, idlTarget } from './idl.ts'
import { machineTargets } from './machines.ts'

export const targets: readonly Target[] = [
  ...codecTargets,
  ...framingTargets,
  ...machineTargets,
  idlTarget,
  formatTarget,
]
