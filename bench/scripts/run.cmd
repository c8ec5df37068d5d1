@echo off
rem Double-click this: it asks before it does anything. From a command line:
rem run.cmd long, run.cmd short; run.cmd --help has more.
setlocal
pushd "%~dp0"
if not exist build\kit.exe (
    echo Please unpack the whole zip first: right-click on it, "Extract All".
    echo Then double-click run.cmd in the folder that this makes.
    popd
    pause
    exit /b 1
)
for /f "tokens=2 delims=:." %%p in ('chcp') do set "page=%%p"
chcp 65001 >nul
build\kit.exe %*
set "status=%errorlevel%"
chcp %page% >nul
popd
if "%~1"=="" pause
exit /b %status%
