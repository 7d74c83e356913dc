/**
 * Every target, by its name.
 */
import type { Target } from '../fuzz/target.ts'
import { codecTargets } from './codecs.ts'
import { framingTargets } from './framing.ts'
import { idlTarget } from './idl.ts'

export const targets: readonly Target[] = [...codecTargets, ...framingTargets, idlTarget]
