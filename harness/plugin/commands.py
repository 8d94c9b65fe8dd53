"""Commands of plugins: the tools of ``harness mcp``, called in processes of their own.

Names imported as themselves are public.
"""

from harness.commands.mcp import Session as Session
from harness.commands.mcp import call_tool as call_tool
from harness.running.processes import DeadWorkerError as DeadWorkerError
from harness.running.processes import WorkerProcess as WorkerProcess
from harness.running.processes import start_worker as start_worker
from harness.study.spec.reader import decode as decode
