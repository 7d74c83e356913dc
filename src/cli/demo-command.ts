/**
 * `oncewire demo`: the failure matrix, run for real.
 */
import type { Command } from 'commander'

export function addDemo(_program: Command): void {}
