"""The program's half of harness/protocol.mjs in Python: serve(prepare); the arguments of the case are the one JSON argument."""
import json
import os
import sys
import time
import traceback

SHOWN = 4096


def evenly(values):
    """At most 4096 numbers of a flat numpy array, evenly spaced."""
    count = min(len(values), SHOWN)
    return [float(values[i * len(values) // count]) for i in range(count)]


def memory():
    with open("/proc/self/status") as status:
        lines = dict(line.split(":", 1) for line in status)
    return {"resident": int(lines["VmRSS"].split()[0]) * 1024, "peak": int(lines["VmHWM"].split()[0]) * 1024}


def turn(run, seconds, at_least):
    samples = []
    until = time.perf_counter() + seconds
    while len(samples) < at_least or time.perf_counter() < until:
        began = time.perf_counter()
        run()
        samples.append(time.perf_counter() - began)
    return samples


def fastest(forms):
    """The fastest of {name: call}, each run once to warm up and once timed. -> (name, call)"""
    def seconds(call):
        call()
        return turn(call, 0, 1)[0]

    return min(forms.items(), key=lambda form: seconds(form[1]))


def serve(prepare):
    """prepare(arguments) -> {"run": () -> numpy array, "versions", "threads", "note"}."""
    # Libraries talk on standard output; from here on that is standard error, and answers have a file of their own.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)

    def say(event, **more):
        answers.write(json.dumps({"event": event, **more}) + "\n")

    try:
        prepared = prepare(json.loads(sys.argv[1]))
        run = prepared["run"]
        say("ready", versions={"python": sys.version.split()[0], **prepared["versions"]}, threads=prepared["threads"],
            note=prepared.get("note", ""))
        for line in sys.stdin:
            request = json.loads(line)
            if request["do"] == "stop":
                break
            if request["do"] == "memory":
                say("memory", **memory())
                if request.get("reset"):
                    with open("/proc/self/clear_refs", "w") as file:
                        file.write("5")
            elif request["do"] == "turn":
                say("turn", samples=turn(run, request["seconds"], request["atLeast"]))
            elif request["do"] == "output":
                result = run()
                say("output", values=evenly(result.reshape(-1)), shape=list(result.shape))
            else:
                raise ValueError(f"expected memory, turn, output or stop but received {request['do']!r}")
    except Exception:
        say("error", message=traceback.format_exc())
        sys.exit(1)
