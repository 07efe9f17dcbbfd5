"""A coroutine waits for a child process."""
import asyncio
import subprocess
import sys


async def build():
    return subprocess.call([sys.executable, "-c", "import time; time.sleep(0.5)"])


async def main():
    code, _ = await asyncio.gather(build(), asyncio.sleep(0.2))
    return code


print(asyncio.run(main()))
