import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** Where models come from and where they are kept; the variables are huggingface_hub's and mean what they mean there. */
export interface HubSettings {
  /** HF_ENDPOINT, without a slash at the end. */
  endpoint: string
  /** HF_HUB_CACHE, else HF_HOME/hub, else ~/.cache/huggingface/hub. */
  cache: string
  /** HF_TOKEN, else the token that `hf auth login` stored. Sent to the endpoint's own host only. */
  token: string | undefined
  /** HF_HUB_OFFLINE: no connection is opened. */
  offline: boolean
  /** Mirror of OpenAI's file server: WORDMASK_OPENAI_ENDPOINT. */
  openai: string | undefined
  /** Folder that the packages of OpenAI and open_clip keep OpenAI's files in. */
  openaiCache: string
}

type Environment = Record<string, string | undefined>

/** Read anew on every call, so that a program may change its environment. */
export function hubSettings(env: Environment = process.env): HubSettings {
  const home = env.HOME || homedir()
  const path = (text: string) => expand(text, env, home)
  const hfHome = path(env.HF_HOME || join(env.XDG_CACHE_HOME || join(home, '.cache'), 'huggingface'))
  return {
    endpoint: (env.HF_ENDPOINT || 'https://huggingface.co').replace(/\/+$/, ''),
    cache: path(env.HF_HUB_CACHE || env.HUGGINGFACE_HUB_CACHE || join(hfHome, 'hub')),
    token: token(env, path(env.HF_TOKEN_PATH || join(hfHome, 'token'))),
    offline: isTrue(env.HF_HUB_OFFLINE || env.TRANSFORMERS_OFFLINE),
    openai: env.WORDMASK_OPENAI_ENDPOINT?.replace(/\/+$/, '') || undefined,
    openaiCache: join(home, '.cache', 'clip'),
  }
}

function token(env: Environment, file: string): string | undefined {
  const named = env.HF_TOKEN || env.HUGGING_FACE_HUB_TOKEN
  if (named?.trim()) return named.trim()
  if (isTrue(env.HF_HUB_DISABLE_IMPLICIT_TOKEN) || !existsSync(file)) return undefined
  return readFileSync(file, 'utf8').trim() || undefined
}

function isTrue(value: string | undefined): boolean {
  return ['1', 'ON', 'YES', 'TRUE'].includes((value ?? '').toUpperCase())
}

/** `~` and `$NAME`, as Python's expanduser and expandvars: an unknown name stays as it is. */
function expand(text: string, env: Environment, home: string): string {
  const at = text.replace(/^~(?=\/|$)/, home)
  return at.replace(/\$(?:(\w+)|\{([^}]*)\})/g, (whole, bare?: string, braced?: string) => env[bare ?? braced ?? ''] ?? whole)
}
