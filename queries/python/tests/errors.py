before = 1
%matplotlib inline
#^^^^^^^^^^ error
after = 2
