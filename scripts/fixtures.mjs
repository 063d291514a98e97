// npm run fixtures: makes test/fixtures/golden and test/fixtures/images again from the seeds in test/parity.
import { ensureVenv, python, run } from './python.mjs'

ensureVenv()
run(python, ['test/parity/golden.py', 'test/fixtures/golden'])
run(python, ['test/parity/clip_layers.py', 'test/fixtures/golden'])
run(python, ['test/parity/encoders_golden.py', 'test/fixtures/golden'])
run(python, ['test/parity/encoders_keys.py', 'test/fixtures/golden/encoders'])
run(python, ['test/parity/deeplab.py', 'test/fixtures/golden'])
run(python, ['test/parity/refine.py', 'test/fixtures/golden'])
run(python, ['test/parity/texts.py', 'test/fixtures/golden'])
run(python, ['test/parity/mojibake.py', 'test/fixtures/golden'])
run(python, ['test/parity/pictures.py', 'test/fixtures'])
run(python, ['test/parity/evaluation.py', 'test/fixtures/golden'])
