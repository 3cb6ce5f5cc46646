@echo off
rem The command line and the headless host of an installed Lockstep: its own Electron, as Node.
setlocal
set ELECTRON_RUN_AS_NODE=1
"%~dp0..\..\Lockstep.exe" "%~dp0..\app.asar\out\main\cli.js" %*
endlocal & exit /b %ERRORLEVEL%
