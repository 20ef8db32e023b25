using System.CommandLine;
using System.Globalization;
using Hearth.Api;
using Hearth.Api.Messages;
using Hearth.Doctor;

namespace Hearth.Commands;

/// <summary><c>hearth status</c>: what is where.</summary>
internal static class StatusCommand
{
    public static Command Build()
    {
        var command = new Command("status", "Tell what runs, and what each seat shows.") { HomeOption.Instance, JsonOption.Instance };
        command.SetAction(parsed => DaemonCall.Run(parsed, async client =>
        {
            StatusMessage status = await client.GetAsync("/v1/status", ApiJson.Client.StatusMessage);
            DaemonCall.Print(parsed, status, width => Describe(status, width));
        }));
        return command;
    }

    private static string Describe(StatusMessage status, int? width)
    {
        var table = new TableText(width);
        table.Paragraph(string.Create(CultureInfo.InvariantCulture, $"Hearth {status.Version} is up in {status.Home} since {LocalTime.Write(status.Since)} (process {status.ProcessId})."));
        table.Section("Guests");
        table.Row("there are", $"{status.Guests}");
        table.Row("running", $"{status.Running}");
        table.Section("Seats");
        if (status.Seats.Count == 0)
            table.Row("none", "`hearth seat add NAME` adds one");
        foreach (SeatMessage seat in status.Seats)
            table.Row(seat.Name, seat.Guest is null ? "shows nothing" : $"{seat.Guest}, {seat.Phase}");
        return table.ToString();
    }
}
