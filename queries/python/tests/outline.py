import json
#      ^^^^ import.module
import os.path as path, sys
#      ^^^^^^^ import.module
#                 ^^^^ import.alias
#                       ^^^ import.module
from ..pkg import member
#    ^^^^^ import.from
from pkg.sub import (one, two as other)
#    ^^^^^^^ import.from


@decorator
def plain(argument):
#^^^^^^^^^^^^^^^^^^^ function
#   ^^^^^ function.name
    return lambda x: x
    #      ^^^^^^^^^^^ lambda


class Outer(Base):
#     ^^^^^ class.name
#^^^^^^^^^^^^^^^^^ class
    async def method(self): pass
    #         ^^^^^^ function.name
    #^^^^^^^^^^^^^^^^^^^^^^^^^^^ function


if __name__ == "__main__":
#^^^^^^^^^^^^^^^^^^^^^^^^^ main_guard
    plain(1)

if __name__ != __main__:
    plain(2)
