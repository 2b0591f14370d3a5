using System;
using System.Collections.Generic;
using System.Reflection;
using NUnit.Framework.Api;
using NUnit.Framework.Interfaces;
using NUnit.Framework.Internal;

/// <summary>Runs the NUnit tests of one assembly; one line a test: outcome, tab, name, tab, message on one line.</summary>
public static class NUnitRun
{
    public static int Main(string[] arguments)
    {
        var runner = new NUnitTestAssemblyRunner(new DefaultTestAssemblyBuilder());
        runner.Load(Assembly.LoadFrom(arguments[0]), new Dictionary<string, object>());
        ITestResult result = runner.Run(TestListener.NULL, TestFilter.Empty);
        Print(result);
        return result.ResultState.Status == TestStatus.Passed ? 0 : 1;
    }

    private static void Print(ITestResult result)
    {
        if (!result.HasChildren)
        {
            string message = (result.Message + "\n" + result.StackTrace).Trim().Replace("\r", "").Replace("\n", " | ");
            string said = (result.Output ?? "").Trim().Replace("\n", " | ");
            Console.WriteLine($"{result.ResultState.Status}\t{result.FullName}\t{message}\t{said}");
            return;
        }
        foreach (ITestResult child in result.Children) Print(child);
    }
}
